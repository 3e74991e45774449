"""What every request passes before it reaches a route, from the outside in:

`access_log.AccessLogMiddleware` (log, metrics, headers) -> `access.AccessMiddleware` (host, origin, size of headers,
rate, token) -> `request_limits.TimeoutMiddleware` (size of the body, slow senders, time) -> `faults.ErrorMiddleware`
(what nobody foresaw).
"""
