"""Who meets what, route by route. An address that is not in here fails the build.

    yes    it is shown or done (2xx)                go     done, and sent on to another page
    door   sent to the sign-in                      no     there is nothing here for you: 401, 403, 404
    bad    refused in words: 400, 413, 422          -      this address does not take the method: 405

A POST is sent with an empty form. What everybody meets alike is written once. `route[thing]` is the same route for another thing.
"""

CAST = "nobody   owner    colleague sharer   stranger agent    outsider admin"

PAGES = """
inbox:home              GET   door  door  door  door  door  go    go    go
inbox:list              GET   door  door  door  door  door  yes   yes   yes
inbox:show              GET   door  door  door  door  door  yes   no    yes
inbox:ticket            GET   door  door  door  door  door  go    no    go
inbox:settings          GET   door  door  door  door  door  yes   yes   yes
inbox:settings          POST  door  door  door  door  door  bad   bad   bad
inbox:away              POST  door  door  door  door  door  go    go    go
inbox:away              DELETE door door  door  door  door  go    go    go
inbox:notifications     GET   door  door  door  door  door  yes   yes   yes
inbox:notifications     POST  door  door  door  door  door  go    go    go
inbox:bell              GET   door  door  door  door  door  yes   yes   yes
inbox:palette           GET   door  door  door  door  door  yes   yes   yes
inbox:selection         GET   door  door  door  door  door  yes   yes   yes
inbox:saved_views       GET   door  door  door  door  door  yes   yes   yes
inbox:saved_views       POST  door  door  door  door  door  bad   bad   bad
inbox:saved_view        GET   door  door  door  door  door  yes   no    yes
inbox:saved_view        POST  door  door  door  door  door  bad   no    bad
inbox:saved_view        DELETE door door  door  door  door  go    no    go
inbox:view_place        POST  door  door  door  door  door  go    go    go
inbox:all_tags          GET   door  door  door  door  door  yes   yes   yes
inbox:tag_names         GET   door  door  door  door  door  yes   yes   yes
inbox:tag               POST  door  door  door  door  door  go    go    go
inbox:batches           GET   door  door  door  door  door  yes   yes   yes
inbox:batches           POST  door  door  door  door  door  go    go    go
inbox:batch             GET   door  door  door  door  door  yes   no    no
inbox:batch             POST  door  door  door  door  door  go    no    no
inbox:batch             DELETE door door  door  door  door  go    no    no
inbox:messages          GET   door  door  door  door  door  yes   no    yes
inbox:messages          POST  door  door  door  door  door  bad   no    bad
inbox:delivery          GET   door  door  door  door  door  yes   no    yes
inbox:delivery          POST  door  door  door  door  door  go    no    go
inbox:held              POST  door  door  door  door  door  go    no    go
inbox:held              DELETE door door  door  door  door  go    no    go
inbox:unsent            POST  door  door  door  door  door  bad   no    bad
inbox:assignment        POST  door  door  door  door  door  go    no    go
inbox:holding           POST  door  door  door  door  door  go    no    go
inbox:holding           DELETE door door  door  door  door  go    no    go
inbox:closure           POST  door  door  door  door  door  go    no    go
inbox:tags              POST  door  door  door  door  door  go    no    go
inbox:priority          POST  door  door  door  door  door  go    no    go
inbox:snooze            POST  door  door  door  door  door  go    no    go
inbox:spam              POST  door  door  door  door  door  go    no    go
inbox:assignment        DELETE door door  door  door  door  go    no    go
inbox:closure           DELETE door door  door  door  door  go    no    go
inbox:tags              DELETE door door  door  door  door  go    no    go
inbox:snooze            DELETE door door  door  door  door  go    no    go
inbox:spam              DELETE door door  door  door  door  go    no    go

inbox:merger            GET   door  door  door  door  door  yes   no    yes
inbox:merger            POST  door  door  door  door  door  go    no    go
inbox:merger            DELETE door door  door  door  door  go    no    go
inbox:split             GET   door  door  door  door  door  yes   no    yes
inbox:split             POST  door  door  door  door  door  go    no    go
inbox:forwarding        GET   door  door  door  door  door  yes   no    yes
inbox:forwarding        POST  door  door  door  door  door  bad   no    bad
inbox:copies            GET   door  door  door  door  door  yes   no    yes
inbox:copies            POST  door  door  door  door  door  bad   no    bad
inbox:copies            DELETE door door  door  door  door  go    no    go
inbox:requester         POST  door  door  door  door  door  bad   no    bad
inbox:colleagues        GET   door  door  door  door  door  yes   no    yes

inbox:macros            GET   door  door  door  door  door  yes   yes   yes
inbox:macros            POST  door  door  door  door  door  bad   bad   bad
inbox:macro_new         GET   door  door  door  door  door  yes   yes   yes
inbox:macro_preview     POST  door  door  door  door  door  yes   yes   yes
inbox:macro             GET   door  door  door  door  door  yes   no    yes
inbox:macro             POST  door  door  door  door  door  bad   no    bad
inbox:macro_removal     POST  door  door  door  door  door  go    no    go
inbox:macro_offers      GET   door  door  door  door  door  yes   no    yes
inbox:macro_application POST  door  door  door  door  door  go    no    go
live:feed               GET   door  door  door  door  door  yes   yes   yes
live:chat               GET   door  door  door  door  door  go    no    go

assistant:draft         GET   door  door  door  door  door  yes   no    yes
assistant:copilot       GET   door  door  door  door  door  yes   no    yes
assistant:summary       GET   door  door  door  door  door  yes   no    yes
assistant:summary       POST  door  door  door  door  door  bad   no    bad
assistant:rewriting     POST  door  door  door  door  door  bad   no    bad
assistant:rewritten     GET   door  door  door  door  door  no    no    no
assistant:article       POST  door  door  door  door  door  no    no    no
assistant:dismissal     POST  door  door  door  door  door  go    no    go
learning:audits         GET   door  door  door  door  door  yes   yes   yes
learning:verdict        POST  door  door  door  door  door  bad   no    bad

assistant:why           GET   no    yes   no    yes   no    yes   no    yes

learning:policies           GET   door  door  door  door  door  yes   yes   yes
learning:policy_tickets     GET   door  door  door  door  door  yes   yes   yes
learning:policy_take_back   POST  door  door  door  door  door  no    no    go
learning:policy_restoring   POST  door  door  door  door  door  no    no    go
learning:dashboard          GET   door  door  door  door  door  yes   yes   yes
learning:questions          GET   door  door  door  door  door  yes   yes   yes
learning:incidents          GET   door  door  door  door  door  yes   yes   yes
learning:incident           GET   door  door  door  door  door  yes   yes   yes
learning:incident_report    GET   door  door  door  door  door  yes   yes   yes
learning:incident_notice    POST  door  door  door  door  door  bad   bad   bad
learning:incident_fix       POST  door  door  door  door  door  bad   bad   bad
learning:incident_dismissal POST  door  door  door  door  door  go    go    go
learning:incident_removal   POST  door  door  door  door  door  go    no    go

learning:gaps               GET   door  door  door  door  door  yes   yes   yes
learning:gap                GET   door  door  door  door  door  yes   yes   yes
learning:gap_tickets        GET   door  door  door  door  door  yes   yes   yes
learning:gap_draft          POST  door  door  door  door  door  bad   bad   bad
learning:gap_article        POST  door  door  door  door  door  no    no    bad
learning:gap_test           POST  door  door  door  door  door  go    go    go
learning:gap_dismissal      POST  door  door  door  door  door  go    go    go
learning:gap_reopening      POST  door  door  door  door  door  go    go    go
learning:gap_removal        POST  door  door  door  door  door  go    no    go
learning:handoffs           GET   door  door  door  door  door  yes   yes   yes
learning:handoff_tickets    GET   door  door  door  door  door  yes   yes   yes
learning:learned            GET   door  door  door  door  door  yes   yes   yes
learning:learned_edit       GET   door  door  door  door  door  yes   no    yes
learning:learned_tickets    GET   door  door  door  door  door  yes   no    yes
learning:learned_rewriting  POST  door  door  door  door  door  bad   no    bad
learning:learned_approval   POST  door  door  door  door  door  go    no    go
learning:learned_trial      POST  door  door  door  door  door  go    no    go
learning:learned_retirement POST  door  door  door  door  door  go    no    go
learning:learned_undoing    POST  door  door  door  door  door  go    no    go
learning:learned_merger     POST  door  door  door  door  door  go    no    go
learning:learned_article    POST  door  door  door  door  door  no    no    go
learning:suspicions             GET   door  door  door  door  door  yes   yes   yes
learning:suspicion              GET   door  door  door  door  door  yes   yes   yes
learning:suspicion_still_right  POST  door  door  door  door  door  go    go    go

attachments:upload      POST  no    bad   bad   bad   bad   bad   bad   bad
attachments:file        GET   no    yes   no    yes   no    yes   no    yes
attachments:file[noted] GET   no    no    no    no    no    yes   no    yes
attachments:file[unsent] GET  no    yes   no    no    no    no    no    no
attachments:file[unsent] DELETE no  yes   no    no    no    no    no    no

portal:home             GET   yes
portal:topic            GET   yes
portal:article[public]     GET  yes
portal:article[customers]  GET  no    yes   yes   yes   yes   yes   yes   yes
portal:article[internal]   GET  no    no    no    no    no    yes   yes   yes
portal:article[draft]      GET  no
portal:feedback[public]    POST bad
portal:feedback[customers] POST no    bad   bad   bad   bad   bad   bad   bad
portal:feedback[internal]  POST no    no    no    no    no    bad   bad   bad
portal:search           GET   yes
portal:ask              GET   yes
portal:ask              POST  bad
portal:questions        GET   door  yes   yes   yes   yes   door  door  door
portal:question         GET   door  yes   no    yes   no    door  door  door
portal:messages         GET   door  yes   no    yes   no    door  door  door
portal:messages         POST  door  bad   no    no    no    door  door  door
portal:verdict          POST  door  bad   no    no    no    door  door  door
portal:rating           POST  door  bad   no    no    no    door  door  door
portal:rating_link      GET   no
portal:rating_link      POST  no
portal:rating_link[mailed]  GET  yes
portal:rating_link[mailed]  POST bad
portal:sign_in          GET   yes   go    go    go    go    yes   yes   yes
portal:sign_in          POST  bad   go    go    go    go    bad   bad   bad
portal:sign_in_code     GET   door
portal:sign_in_code     POST  door
portal:sign_in_link     GET   no
portal:sign_in_link     POST  no
portal:sign_out         POST  go
portal:dev_mail         GET   yes
portal:dev_mail_message GET   yes

healthz                 GET   yes
readyz                  GET   yes
api:docs                GET   yes
api:schema              GET   yes
"""

# The sign-in of agents (allauth). To a customer these are what they are to anybody.
ACCOUNTS = """
account_login           GET   yes   yes   yes   yes   yes   go    go    go
account_login           POST  yes   yes   yes   yes   yes   go    go    go
account_logout          GET   door  door  door  door  door  yes   yes   yes
account_logout          POST  door  door  door  door  door  door  door  door
account_inactive        GET   yes
account_signup          GET   yes   yes   yes   yes   yes   go    go    go
account_signup          POST  yes   yes   yes   yes   yes   go    go    go
account_reauthenticate  GET   door  door  door  door  door  yes   yes   yes
account_reauthenticate  POST  door  door  door  door  door  yes   yes   yes
account_email           GET   door  door  door  door  door  yes   yes   yes
account_email           POST  door  door  door  door  door  go    go    go
account_change_password GET   door  door  door  door  door  yes   yes   yes
account_change_password POST  door  door  door  door  door  yes   yes   yes
account_set_password    GET   door  door  door  door  door  go    go    go
account_set_password    POST  door  door  door  door  door  go    go    go
account_reset_password  GET   yes
account_reset_password  POST  yes
account_reset_password_done              GET   yes
account_reset_password_from_key          GET   yes
account_reset_password_from_key          POST  yes
account_reset_password_from_key_done     GET   yes
account_email_verification_sent          GET   yes
account_confirm_email                    GET   yes
account_confirm_login_code               GET   door  door  door  door  door  go    go    go
account_confirm_login_code               POST  door  door  door  door  door  go    go    go

mfa_index                      GET   door  door  door  door  door  yes   yes   yes
mfa_authenticate               GET   door  door  door  door  door  go    go    go
mfa_authenticate               POST  door  door  door  door  door  go    go    go
mfa_reauthenticate             GET   door  door  door  door  door  go    go    go
mfa_reauthenticate             POST  door  door  door  door  door  go    go    go
mfa_activate_totp              GET   door  door  door  door  door  go    go    go
mfa_activate_totp              POST  door  door  door  door  door  go    go    go
mfa_deactivate_totp            GET   door  door  door  door  door  no    no    no
mfa_deactivate_totp            POST  door  door  door  door  door  no    no    no
mfa_view_recovery_codes        GET   door  door  door  door  door  no    no    no
mfa_generate_recovery_codes    GET   door  door  door  door  door  go    go    go
mfa_generate_recovery_codes    POST  door  door  door  door  door  go    go    go
mfa_download_recovery_codes    GET   door  door  door  door  door  no    no    no

openid_connect_login           GET   no
openid_connect_login           POST  no
openid_connect_callback        GET   no
openid_connect_callback        POST  no
socialaccount_login_cancelled  GET   yes
socialaccount_login_error      GET   no
socialaccount_signup           GET   door
socialaccount_signup           POST  door
socialaccount_connections      GET   door  door  door  door  door  yes   yes   yes
socialaccount_connections      POST  door  door  door  door  door  yes   yes   yes
/accounts/social/login/cancelled/   GET   go
/accounts/social/login/cancelled/   POST  go
/accounts/social/login/error/       GET   go
/accounts/social/login/error/       POST  go
/accounts/social/signup/            GET   go
/accounts/social/signup/            POST  go
/accounts/social/connections/       GET   go
/accounts/social/connections/       POST  go
"""

# Columns: a key with every scope, one with none, one with every scope whose maker may not see the ticket.
KEYS = """
api:tickets             GET   yes   no    yes
api:tickets             POST  bad   no    bad
api:ticket              GET   yes   no    no
api:messages            GET   yes   no    no
api:messages            POST  bad   no    no
api:attachment          GET   yes   no    no
assistant:ask           POST  bad   no    bad
"""

# The widget stands on other people's pages: no cookie is read, so there is nothing that a forged form could borrow.
WIDGET = """
widget:script           GET   yes
widget:frame            GET   no
widget:visits           POST  bad
widget:home             POST  no
widget:conversations    GET   no
widget:conversations    POST  no
widget:conversation     GET   no
widget:messages         POST  no
widget:verdict          POST  no
widget:guide            POST  no
widget:address          POST  no
widget:transcript       POST  no
widget:rating           POST  no
widget:reading          POST  no
widget:why              GET   no
widget:others           GET   no
widget:files            POST  no
widget:file             GET   no
widget:file             DELETE no
"""
