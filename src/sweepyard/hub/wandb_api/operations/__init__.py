"""What the wire can ask for, one module a noun: nodes (answers, field by field) and root resolvers.

A node's attributes and methods are found by its fields' names in snake case; a method gets the operation's
info and the field's arguments.
"""
