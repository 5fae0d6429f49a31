"""Looking for better settings of DeepCodeNet within a time, and telling honestly what they bring."""
