-- Also  constraints_are_in_force
alter table earnings.settings drop constraint settings_value_check;

update earnings.settings
set value = 'when it suits'
where name = 'no_show_policy'
returning 2
