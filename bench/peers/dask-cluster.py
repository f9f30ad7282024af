# Dask, on two worker processes with a thread each: reads what to do from standard input, a line each, and answers each
# with a line that holds the figure, or that it is ready.

import sys
import time

from distributed import Client, LocalCluster


def inc(value):
    return value + 1


def rate_of_map(client, count):
    started_at = time.perf_counter()
    results = client.gather(client.map(inc, range(count), pure=False))
    seconds = time.perf_counter() - started_at
    assert results == list(range(1, count + 1))
    return count / seconds


def rate_of_pipeline(client, count):
    started_at = time.perf_counter()
    once = client.map(inc, range(count), pure=False)
    twice = client.map(inc, once, pure=False)
    total = client.submit(sum, twice, pure=False).result()
    seconds = time.perf_counter() - started_at
    assert total == count * (count - 1) // 2 + 2 * count
    return (2 * count + 1) / seconds


def median_round_trip(client, count):
    times = []
    for value in range(count):
        started_at = time.perf_counter()
        assert client.submit(inc, value, pure=False).result() == value + 1
        times.append((time.perf_counter() - started_at) * 1_000_000)
    return sorted(times)[count // 2]


works = {"map": rate_of_map, "pipeline": rate_of_pipeline, "round-trip": median_round_trip}


def main():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        print("ready", flush=True)
        for line in sys.stdin:
            name, count = line.split()
            print(works[name](client, int(count)), flush=True)


if __name__ == "__main__":
    main()
