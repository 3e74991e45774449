"""What every request passes before it reaches a route, from the outside in:

`watch.Watch` (log, metrics, headers) -> `door.Door` (host, origin, size of headers, rate, token) ->
`patience.Patience` (size of the body, slow senders, time) -> `faults.Faults` (what nobody foresaw).
"""
