"""History through the cores, off line: panels, agreement with published indices, events, robustness, reports."""
