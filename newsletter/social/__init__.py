"""Networks: one file each, named in config.toml by ``type``."""
