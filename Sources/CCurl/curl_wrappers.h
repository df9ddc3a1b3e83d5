// Swift cannot call variadic C functions; these are the typed forms of the three that libcurl has.
#ifndef LAPIDARY_CURL_WRAPPERS_H
#define LAPIDARY_CURL_WRAPPERS_H

#include <curl/curl.h>

// The parentheses step around curl's type-checking macros, which want the option as a constant.
static inline CURLcode curl_set_long(CURL *handle, CURLoption option, long value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode curl_set_text(CURL *handle, CURLoption option, const char *text) {
    return (curl_easy_setopt)(handle, option, text);
}

static inline CURLcode curl_set_pointer(CURL *handle, CURLoption option, void *pointer) {
    return (curl_easy_setopt)(handle, option, pointer);
}

static inline CURLcode curl_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
    return (curl_easy_setopt)(handle, option, list);
}

// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION, which have one type.
static inline CURLcode curl_set_callback(CURL *handle, CURLoption option, curl_write_callback callback) {
    return (curl_easy_setopt)(handle, option, callback);
}

static inline CURLcode curl_set_opening(CURL *handle, curl_opensocket_callback callback, void *pointer) {
    (curl_easy_setopt)(handle, CURLOPT_OPENSOCKETDATA, pointer);
    return (curl_easy_setopt)(handle, CURLOPT_OPENSOCKETFUNCTION, callback);
}

static inline CURLcode curl_set_progress(CURL *handle, curl_xferinfo_callback callback, void *pointer) {
    (curl_easy_setopt)(handle, CURLOPT_NOPROGRESS, 0L);
    (curl_easy_setopt)(handle, CURLOPT_XFERINFODATA, pointer);
    return (curl_easy_setopt)(handle, CURLOPT_XFERINFOFUNCTION, callback);
}

static inline CURLcode curl_get_long(CURL *handle, CURLINFO what, long *value) {
    return (curl_easy_getinfo)(handle, what, value);
}

static inline CURLcode curl_get_double(CURL *handle, CURLINFO what, double *value) {
    return (curl_easy_getinfo)(handle, what, value);
}

static inline CURLcode curl_get_text(CURL *handle, CURLINFO what, const char **value) {
    return (curl_easy_getinfo)(handle, what, value);
}

static inline CURLcode curl_get_certificates(CURL *handle, struct curl_certinfo **value) {
    return (curl_easy_getinfo)(handle, CURLINFO_CERTINFO, value);
}

static inline CURLMcode curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return (curl_multi_setopt)(handle, option, value);
}

static inline CURLcode curl_global_start(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

#endif
