"""Every sentence about an interval, a test or a rank that is printed, in one place: all say the same.

`held_by.HELD_BY` lists them all, each with the test that holds it to its numbers; the contract in
tests/contracts/test_statements.py looks that each is listed, that its test is there and calls it, and that no
other module or page has such sentences of its own.
"""
