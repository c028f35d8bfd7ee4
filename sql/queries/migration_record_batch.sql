-- Notes a batch that wrote rows.

insert into earnings_migration.batches (step, direction, from_id, until_id, row_count)
values (%(step)s, %(direction)s, %(from_id)s, %(until_id)s, %(row_count)s);
