"""Run the command line: python -m earnings_pipeline."""

from earnings_pipeline.cli import main

main()
