"""Tests of the data migration."""
