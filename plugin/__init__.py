"""The FiftyOne side: the only code that imports fiftyone."""
