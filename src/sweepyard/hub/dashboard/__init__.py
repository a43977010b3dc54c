"""Pages for people: plain, server-rendered, without scripts."""
