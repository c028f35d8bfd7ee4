-- No committed transaction left a practitioner's balance waiting.
--
-- Rule      R20 d
-- Reads     what waits
-- If not    The trigger earnings_900_fold_balances was off when the transaction committed; run
--           install, then touch one of the practitioner's earnings.

select
    'practitioner' as subject,
    practitioner_id as subject_id,
    'queued by transaction ' || transaction_id as detail
from earnings.balance_queue
