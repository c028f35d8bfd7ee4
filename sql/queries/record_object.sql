-- Records the checksum of an object's file and of what the catalog holds.
insert into earnings.objects as objects (identity, kind, checksum, definition_checksum)
values (%(identity)s, %(kind)s, %(checksum)s, %(definition_checksum)s)
on conflict (identity) do update
    set
        checksum = excluded.checksum,
        definition_checksum = excluded.definition_checksum,
        installed_at = clock_timestamp();
