update earnings_migration.steps set state = 'running' where step = '080_count_sessions'
