-- Roles of PostgreSQL, one for each process, so that a break-in at one does not reach what belongs to another:
-- the API cannot write readings nor change the audit log; the archiver and the alerts cannot read users.
--
-- Run it as the owner of the tables, after `esi users list` has made them, and again after each new version of ESI:
--     psql "$OWNER_URL" -v ON_ERROR_STOP=1 -f deploy/roles.sql
-- Then give each a password (`ALTER ROLE esi_api LOGIN PASSWORD '...'`), and each process its own ESI_POSTGRES_URL.
-- Steps of a new version need the owner: run any `esi users list` with the owner's address first.

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['esi_api', 'esi_archive', 'esi_alerts'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', role_name);
        END IF;
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', role_name);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role_name);
        EXECUTE format('GRANT SELECT ON alembic_version TO %I', role_name);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;

-- the archiver: adds what the streams hold, and says how far it is; it changes nothing that is archived
GRANT SELECT, INSERT ON readings, bars, details, refusals TO esi_archive;
GRANT SELECT, INSERT, UPDATE ON positions TO esi_archive;

-- the alerts: read the archive, keep rules, alerts and the outbox
GRANT SELECT ON readings, bars, details, positions TO esi_alerts;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    alert_rulebook, alert_rules, alert_streams, alerts, alert_events, alert_silences, alert_receivers, alert_outbox,
    alert_deliveries TO esi_alerts;

-- the API: reads the archive, changes rules and receivers for people, keeps users; adds to the audit log, no more
GRANT SELECT ON readings, bars, details, positions, refusals, alert_streams, alert_deliveries TO esi_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    alert_rulebook, alert_rules, alerts, alert_events, alert_silences, alert_receivers, alert_outbox TO esi_api;
GRANT SELECT ON identity_deployment TO esi_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON users, user_sessions, api_keys, signing_keys, login_failures TO esi_api;
GRANT SELECT, INSERT ON audit_log TO esi_api;
