"""The use case of tables: each row is a case, one column the answer. `use_case` hands its parts over."""
