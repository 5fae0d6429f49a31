"""The one in-memory cache."""

from dlcodegen_core.storage.memory_cache import MemoryCache


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_the_least_recently_used_entry_goes_first():
    cache = MemoryCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)


def test_a_cache_entry_expires_after_its_ttl():
    clock = Clock()
    cache = MemoryCache(10, ttl_seconds=1800, now=clock)
    cache.put("a", 1)
    clock.now = 1799
    assert cache.get("a") == 1
    clock.now = 1801
    assert cache.get("a") is None
    assert cache.stats().evictions == 0


def test_hits_misses_and_evictions_are_counted():
    cache = MemoryCache(1)
    cache.get("a")
    cache.put("a", 1)
    cache.get("a")
    cache.put("b", 2)
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.evictions, stats.size, stats.max_size) == (1, 1, 1, 1, 1)
    assert stats.hit_rate == 0.5


def test_entries_are_weighed():
    cache = MemoryCache(10, weigh=len)
    cache.put("a", "12345678")
    cache.put("b", "1234")
    assert cache.get("a") is None
    assert cache.stats().size == 4


def test_a_value_larger_than_the_cache_is_not_kept():
    cache = MemoryCache(3, weigh=len)
    cache.put("a", "12345")
    assert cache.get("a") is None


def test_clearing_keeps_the_counters():
    cache = MemoryCache(1)
    cache.put("a", 1)
    cache.put("b", 1)
    cache.clear()
    assert (cache.stats().entries, cache.stats().evictions) == (0, 1)


def test_peeking_counts_nothing():
    cache = MemoryCache(1)
    cache.put("a", 1)
    assert (cache.peek("a"), cache.peek("b")) == (1, None)
    assert (cache.stats().hits, cache.stats().misses) == (0, 0)


def test_entries_are_forgotten_by_their_keys_and_counters_stay():
    clock = Clock()
    cache = MemoryCache(10, ttl_seconds=100, now=clock)
    for key in ("a1", "a2", "b1"):
        cache.put(key, 1)
    clock.now = 60
    cache.put("a3", 1)
    clock.now = 110  # all but the last have grown old
    cache.forget(lambda key: key.startswith("a"))
    assert (cache.stats().entries, cache.stats().evictions) == (0, 0)
