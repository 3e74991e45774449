"""Work that outlasts a request. huey carries job numbers to workers; the table `jobs` is the truth about each job.

A worker may die at any moment: its job's lease runs out, and the job is put back in line. What it had finished stays
finished, because each step is written down before the next begins and the same result is never stored twice.
"""
