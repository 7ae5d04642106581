"""Rows of numbers wherever they lie: memory, disk, a device, a cluster."""

from ._sharded import ShardedArray

__all__ = ["ShardedArray"]
