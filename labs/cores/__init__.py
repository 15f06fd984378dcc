"""The algorithms, as teaching code: what students are shown, and what an exported notebook begins with."""
