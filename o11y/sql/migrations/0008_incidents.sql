-- Which incident a transition is of; rows of versions that knew none have ''.
ALTER TABLE alert_history ADD COLUMN IF NOT EXISTS incident_id String AFTER notification_id;
