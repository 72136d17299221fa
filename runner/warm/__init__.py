"""Warm kernels: a zygote that has imported what notebooks import forks kernels that are ready."""
