-- Statistics of the engine's tables that the steps fill and the plans look into.  A rough
-- sample does: what matters is that the planner does not take them for empty.

set local default_statistics_target = 10;
analyze earnings.exceptions;
analyze earnings.purchase_bookings;
analyze earnings.package_terms;
analyze earnings.session_slots;
analyze earnings_migration.order_links;
analyze earnings_migration.row_changes;
