"""What installed packages register is found, and where they register nothing, not looked for."""

from ninetynine.registry import entry_points_of


def test_the_entries_of_a_group_are_found_by_its_name(plug_in):
    plug_in({"ninety.nets": {"deep": "nets.deep", "broad": "nets.broad"}}, {})
    found = [
        (plugin.name, plugin.module, plugin.origin) for plugin in entry_points_of("ninety.nets")
    ]
    assert found == [
        ("broad", "nets.broad", "entry point of plug-in"),
        ("deep", "nets.deep", "entry point of plug-in"),
    ]


def test_a_command_called_like_the_group_has_no_package_looked_through(plug_in, monkeypatch):
    """Which takes longer than the rest of what a list of architectures asks for."""
    plug_in({"console_scripts": {"ninety": "ninety.cli:main"}, "ninety.nets": {"deep": "nets"}}, {})
    looked = []
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **asked: looked.append(asked))
    assert entry_points_of("ninety") == []
    assert looked == []
