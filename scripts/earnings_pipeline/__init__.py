"""Pays a booking marketplace's practitioners right, in the database, under the app as it runs."""
