from __future__ import annotations

from typing import Any

from sweepyard.domain.origin import Origin, origin_differences, origin_of


def test_what_the_client_and_our_training_tell() -> None:
    machine: Any = {
        "os": "Linux",
        "python": "CPython 3.11.7",
        "program": "train.py",
        "args": ["--lr", "0.1"],
        "host": "h",
        "git": {"remote": "git@example.com:a/b", "commit": "c0ffee"},
        "cpu_count": 2,
        "cpu_count_logical": 4,
        "cpu": {"model": "EPYC"},
        "memory": {"total": "25276510208"},
        "gpu_nvidia": [{"name": "H200"}, {}],
    }
    config: Any = {
        "code": {"commit": "other", "dirty": True},
        "provenance": {
            "code_version": "0.1.0",
            "python": "3.11",
            "packages": {"numpy": "2.0"},
            "data": {"name": "mnist5k", "digest": "d"},
        },
    }
    assert origin_of(machine, config) == Origin(
        command=("train.py", "--lr", "0.1"),
        commit="c0ffee",
        remote="git@example.com:a/b",
        dirty=True,
        code_version="0.1.0",
        python="CPython 3.11.7",
        packages={"numpy": "2.0"},
        data={"name": "mnist5k", "digest": "d"},
        host="h",
        os="Linux",
        cpu="EPYC",
        cpu_count=4,
        memory_bytes=25276510208,
        gpus=("H200", "GPU"),
    )


def test_a_gpu_by_its_name_and_number() -> None:
    assert origin_of({"gpu": "H100", "gpu_count": 2}, {}).gpus == ("H100", "H100")
    assert origin_of({"gpu": "H100"}, {}).gpus == ("H100",)
    assert origin_of({"gpu_count": 2}, {}).gpus == ()


def test_what_is_of_another_kind_is_not_told() -> None:
    machine: Any = {"program": 3, "args": "x", "git": "y", "memory": {"total": "many"}, "cpu_count": True, "gpu": []}
    config: Any = {"code": 1, "provenance": {"packages": ["x"], "data": "y", "code_version": None}}
    assert origin_of(machine, config) == Origin(packages={}, data={})


def test_differences_are_named_with_both_sides() -> None:
    one: Any = {"provenance": {"python": "3.11.7", "packages": {"keras": "3.14", "jax": "1"}}, "code": {"commit": "a"}}
    other: Any = {"provenance": {"python": "3.11.7", "packages": {"keras": "3.15"}}, "code": None, "lr": 0.1}
    assert origin_differences(one, other) == {
        "code.commit": ["a", None],
        "packages.jax": ["1", None],
        "packages.keras": ["3.14", "3.15"],
    }
    assert origin_differences(one, one) == {}
    assert origin_differences({}, {"provenance": "odd"}) == {}
