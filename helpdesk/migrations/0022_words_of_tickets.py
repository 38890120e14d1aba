"""The words of every ticket in one row each, kept by triggers: what is copied in, merged or imported is found as well."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

BATCH = 20_000

FUNCTIONS = r"""
-- Without accents, so that Muller finds Müller, and with nothing that the parser would drop as markup.
CREATE FUNCTION helpdesk_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT translate(CASE WHEN octet_length($1) = char_length($1) THEN $1
                   ELSE regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]', '', 'g') END, '<>', '  ')
$$;

-- What somebody wrote: stems, and the words as they are for looking up beginnings.
CREATE FUNCTION helpdesk_said(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT strip(to_tsvector('english', folded) || to_tsvector('simple', folded)) FROM (SELECT helpdesk_fold(left($1, 100000)) AS folded) AS said
$$;

-- A name, an address, a file: also by its parts. It calls no function of ours, so that an index may stand on it.
CREATE FUNCTION helpdesk_names(text, "char") RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT setweight(to_tsvector('simple', translate(regexp_replace(normalize(coalesce($1, ''), NFKD), '[\u0300-\u036f]', '', 'g'),
                                                   '@._+-/\<>', '         ')), $2)
$$;

-- `Report_Q3.pdf` is found by report, by q3 and as it is.
CREATE FUNCTION helpdesk_file(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT strip(helpdesk_names($1, 'D')) || helpdesk_said($1)
$$;

CREATE FUNCTION helpdesk_subject(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT setweight(to_tsvector('english', folded) || to_tsvector('simple', folded), 'C') FROM (SELECT helpdesk_fold($1) AS folded) AS said
$$;

CREATE FUNCTION helpdesk_customer_names(bigint) RETURNS tsvector LANGUAGE sql STABLE AS $$
  SELECT helpdesk_names(concat_ws(' ', name, email, (SELECT string_agg(email, ' ') FROM helpdesk_customeremail WHERE customer_id = $1)), 'A')
  FROM helpdesk_customer WHERE id = $1
$$;

CREATE FUNCTION helpdesk_head(helpdesk_ticket) RETURNS tsvector LANGUAGE sql STABLE AS $$
  SELECT coalesce(helpdesk_customer_names($1.customer_id), '')
      || coalesce((SELECT helpdesk_names(name, 'B') FROM helpdesk_organisation WHERE id = $1.organisation_id), '')
      || helpdesk_subject($1.subject)
$$;

-- Everything a ticket is found by.
CREATE FUNCTION helpdesk_words_of(bigint) RETURNS tsvector LANGUAGE sql STABLE AS $$
  SELECT helpdesk_head(ticket)
      || coalesce((SELECT helpdesk_said(string_agg(body, ' ' ORDER BY seq)) FROM helpdesk_message WHERE ticket_id = ticket.id), '')
      || coalesce((SELECT helpdesk_file(string_agg(file.name, ' ')) FROM helpdesk_attachment AS file
                   JOIN helpdesk_message AS message ON message.id = file.message_id WHERE message.ticket_id = ticket.id), '')
  FROM helpdesk_ticket AS ticket WHERE ticket.id = $1
$$;

-- Where tens of thousands of words are known already, more of them would only make each message slower.
CREATE FUNCTION helpdesk_add_words(bigint, tsvector) RETURNS void LANGUAGE sql AS $$
  INSERT INTO helpdesk_ticketwords AS known (ticket_id, tsv) VALUES ($1, $2)
  ON CONFLICT (ticket_id) DO UPDATE SET tsv = known.tsv || EXCLUDED.tsv WHERE length(known.tsv) < 40000
$$;

CREATE FUNCTION helpdesk_ticket_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM helpdesk_add_words(NEW.id, helpdesk_head(NEW)); RETURN NULL; END $$;

CREATE FUNCTION helpdesk_message_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM helpdesk_add_words(NEW.ticket_id, helpdesk_said(NEW.body)); RETURN NULL; END $$;

CREATE FUNCTION helpdesk_message_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE helpdesk_ticketwords AS known SET tsv = helpdesk_words_of(known.ticket_id)
  WHERE known.ticket_id IN (SELECT ticket_id FROM gone) AND EXISTS (SELECT FROM helpdesk_ticket WHERE id = known.ticket_id);
  RETURN NULL;
END $$;

-- Former names still find what was asked under them.
CREATE FUNCTION helpdesk_customer_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM helpdesk_add_words(id, helpdesk_names(concat_ws(' ', NEW.name, NEW.email), 'A')) FROM helpdesk_ticket WHERE customer_id = NEW.id;
  RETURN NULL;
END $$;

CREATE FUNCTION helpdesk_customer_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM helpdesk_add_words(id, helpdesk_names(NEW.email, 'A')) FROM helpdesk_ticket WHERE customer_id = NEW.customer_id;
  RETURN NULL;
END $$;

CREATE FUNCTION helpdesk_file_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM helpdesk_add_words(ticket_id, helpdesk_file(NEW.name)) FROM helpdesk_message WHERE id = NEW.message_id;
  RETURN NULL;
END $$;

CREATE TRIGGER words_told AFTER INSERT ON helpdesk_ticket FOR EACH ROW EXECUTE FUNCTION helpdesk_ticket_told();
CREATE TRIGGER words_retold AFTER UPDATE OF subject, customer_id, organisation_id ON helpdesk_ticket FOR EACH ROW
  WHEN ((OLD.subject, OLD.customer_id, OLD.organisation_id) IS DISTINCT FROM (NEW.subject, NEW.customer_id, NEW.organisation_id))
  EXECUTE FUNCTION helpdesk_ticket_told();
CREATE TRIGGER words_said AFTER INSERT ON helpdesk_message FOR EACH ROW EXECUTE FUNCTION helpdesk_message_said();
CREATE TRIGGER words_resaid AFTER UPDATE OF body, ticket_id ON helpdesk_message FOR EACH ROW
  WHEN ((OLD.body, OLD.ticket_id) IS DISTINCT FROM (NEW.body, NEW.ticket_id)) EXECUTE FUNCTION helpdesk_message_said();
CREATE TRIGGER words_gone AFTER DELETE ON helpdesk_message REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION helpdesk_message_gone();
CREATE TRIGGER words_file AFTER INSERT OR UPDATE OF message_id ON helpdesk_attachment FOR EACH ROW
  WHEN (NEW.message_id IS NOT NULL) EXECUTE FUNCTION helpdesk_file_sent();
CREATE TRIGGER words_named AFTER UPDATE OF name, email ON helpdesk_customer FOR EACH ROW
  WHEN ((OLD.name, OLD.email) IS DISTINCT FROM (NEW.name, NEW.email)) EXECUTE FUNCTION helpdesk_customer_named();
CREATE TRIGGER words_address AFTER INSERT ON helpdesk_customeremail FOR EACH ROW EXECUTE FUNCTION helpdesk_customer_address();
"""

BACK = """
DROP TRIGGER words_told ON helpdesk_ticket; DROP TRIGGER words_retold ON helpdesk_ticket;
DROP TRIGGER words_said ON helpdesk_message; DROP TRIGGER words_resaid ON helpdesk_message; DROP TRIGGER words_gone ON helpdesk_message;
DROP TRIGGER words_named ON helpdesk_customer; DROP TRIGGER words_address ON helpdesk_customeremail;
DROP TRIGGER words_file ON helpdesk_attachment; DROP FUNCTION helpdesk_file_sent(); DROP FUNCTION helpdesk_ticket_told(); DROP FUNCTION helpdesk_message_said(); DROP FUNCTION helpdesk_message_gone();
DROP FUNCTION helpdesk_customer_named(); DROP FUNCTION helpdesk_customer_address(); DROP FUNCTION helpdesk_add_words(bigint, tsvector);
DROP FUNCTION helpdesk_words_of(bigint); DROP FUNCTION helpdesk_head(helpdesk_ticket); DROP FUNCTION helpdesk_customer_names(bigint);
DROP FUNCTION helpdesk_subject(text); DROP FUNCTION helpdesk_file(text); DROP FUNCTION helpdesk_names(text, "char"); DROP FUNCTION helpdesk_said(text); DROP FUNCTION helpdesk_fold(text);
"""

FILL = """
INSERT INTO helpdesk_ticketwords (ticket_id, tsv) SELECT id, helpdesk_words_of(id) FROM helpdesk_ticket WHERE id >= %s AND id < %s
ON CONFLICT (ticket_id) DO UPDATE SET tsv = helpdesk_ticketwords.tsv || EXCLUDED.tsv
"""


def fill(apps, schema_editor):
    """In pieces that commit: new tickets are taken meanwhile, and it can be begun again."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM helpdesk_ticket")
        first, last = cursor.fetchone()
        for start in range(first, last + 1, BATCH):
            cursor.execute(FILL, [start, start + BATCH])
        cursor.execute("ANALYZE helpdesk_ticketwords")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("helpdesk", "0021_held_replies_and_deliveries"),
    ]

    operations = [
        migrations.CreateModel(
            name="TicketWords",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="helpdesk.ticket",
                    ),
                ),
                ("tsv", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={"verbose_name_plural": "ticket words"},
        ),
        migrations.RunSQL(FUNCTIONS, BACK),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="ticketwords",
            index=django.contrib.postgres.indexes.GinIndex(fields=["tsv"], name="ticket_words"),
        ),
    ]
