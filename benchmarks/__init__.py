"""Every claim about speed, measured beside its peers in the same run."""
