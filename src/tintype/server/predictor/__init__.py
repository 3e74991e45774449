"""Networks that run elsewhere: planes go out, planes come back, all else of a picture stays with whoever asks.

`wire` is how planes travel, `client` is the asker, `replica` answers, `deployment` puts replicas on a Ray cluster.
"""
