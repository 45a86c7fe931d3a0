"""Where ticks come from: one module a provider, each writing records and tocks into a feed's topic."""
