insert into earnings_migration.steps (step, state) values ('contract', 'done')
