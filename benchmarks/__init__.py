"""Speed, measured side by side in one run; figures are medians, and ratios are what to trust."""
