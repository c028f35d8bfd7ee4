alter table earnings.session_slots drop constraint session_slots_booking_id_key;

select 5
