-- Triggers on the app's service_sessions.

create or replace trigger earnings_900_move_holds
after update on public.service_sessions
referencing old table as old_sessions new table as new_sessions
for each statement
execute function earnings.tg_service_sessions__move_holds();
