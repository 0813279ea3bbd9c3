"""Who is who: the authority that signs certificates, one-time enrolment codes, renewal and revocation."""
