/*
 * no_gettext.c
 *		Message translation switched off, preloaded beside AddressSanitizer.
 *
 * Libraries of the server (libgpg-error, gnutls) call bindtextdomain() from
 * their constructors, before the preloaded sanitizer runtime has initialised
 * itself.  With clang 14 and glibc 2.36 that leaves glibc's gettext lock
 * broken, and the server waits for it forever as soon as it starts.  Fuzzing
 * needs no translations.
 */
#include <libintl.h>

#undef bindtextdomain
#undef bind_textdomain_codeset
#undef textdomain
#undef gettext
#undef dgettext
#undef dcgettext
#undef ngettext
#undef dngettext
#undef dcngettext

char *
bindtextdomain(const char *domain, const char *directory)
{
	return (char *) directory;
}

char *
bind_textdomain_codeset(const char *domain, const char *codeset)
{
	return (char *) codeset;
}

char *
textdomain(const char *domain)
{
	return (char *) domain;
}

char *
gettext(const char *id)
{
	return (char *) id;
}

char *
dgettext(const char *domain, const char *id)
{
	return (char *) id;
}

char *
dcgettext(const char *domain, const char *id, int category)
{
	return (char *) id;
}

char *
ngettext(const char *one, const char *many, unsigned long n)
{
	return (char *) (n == 1 ? one : many);
}

char *
dngettext(const char *domain, const char *one, const char *many, unsigned long n)
{
	return (char *) (n == 1 ? one : many);
}

char *
dcngettext(const char *domain, const char *one, const char *many, unsigned long n,
		   int category)
{
	return (char *) (n == 1 ? one : many);
}
