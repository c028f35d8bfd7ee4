"""The sample marketplace: an invented business as the app would have left it, and its truth."""

from earnings_pipeline.sample.chapter import Truth
from earnings_pipeline.sample.clock import AS_OF
from earnings_pipeline.sample.generator import SMALLEST, Part, generate, truth
from earnings_pipeline.sample.loading import is_loaded, load
from earnings_pipeline.sample.tables import create_tables

__all__ = [
    "AS_OF",
    "SMALLEST",
    "Part",
    "Truth",
    "create_tables",
    "generate",
    "is_loaded",
    "load",
    "truth",
]
