-- Where a delivered message is, as `channel/ts`; '' where its receiver keeps no conversations.
ALTER TABLE alert_history ADD COLUMN IF NOT EXISTS slack String AFTER incident_id;
