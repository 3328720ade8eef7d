"""What kakao-session costs, beside its peers. ``python -m benchmarks`` measures all of it."""
