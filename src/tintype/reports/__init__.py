"""Pages of HTML about trainings: charts, pictures, comparisons."""
