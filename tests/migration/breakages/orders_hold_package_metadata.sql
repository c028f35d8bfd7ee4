-- Alone: what reads the column cannot run without it.
alter table payments_order rename column package_metadata to gone
