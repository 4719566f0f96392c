"""HTTP doors on aiohttp, apart from the proxy: health and metrics, on a listener of their own that is kept private."""
