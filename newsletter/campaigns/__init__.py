"""Stage 3, choose: campaign.toml, and the posts it picks."""
