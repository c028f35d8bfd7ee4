update earnings.transitions set stamped_at = stamped_at - current_setting('test.older_by')::interval;
update earnings.heartbeats set beaten_at = beaten_at - current_setting('test.older_by')::interval;
update earnings.changes set applied_at = applied_at - current_setting('test.older_by')::interval;
update earnings.closings set closed_at = closed_at - current_setting('test.older_by')::interval;
update payments_usercredittransaction set created_at = created_at - current_setting('test.older_by')::interval;
