/* Fetches a file from the bus, or all that match a pattern: a poll loop that shows how it goes, and
 * that Ctrl-C ends.
 *
 *     fetch_c TRACKER NAME DIRECTORY      fetch_c tcp://192.168.1.2:7470 model.bin /tmp */
#include <xfsbus/xfsbus.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

/* Ctrl-C comes as something to read; the peer's threads leave it to us. */
static int interrupts(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Takes all events that there are. */
static void show(const xfsbus_events* events) {
    const xfsbus_event* event;
    while (xfsbus_events_next(events, &event, NULL) == XFSBUS_OK && event != NULL) {
        if (event->kind == XFSBUS_EVENT_PROGRESS) {
            fprintf(stderr, "%llu of %llu bytes\n", (unsigned long long)event->progress->bytes_done,
                    (unsigned long long)event->progress->bytes_total);
        }
        if (event->kind == XFSBUS_EVENT_FILE_DONE && event->file->code == XFSBUS_OK) {
            printf("%s\n", event->file->path);
        }
        xfsbus_event_free(event);
    }
}

static void fetch(xfsbus_peer* peer, const char* name, xfsbus_error* error) {
    xfsbus_download_request request = {.size = sizeof request, .name = name, .wait_ms = 10000};
    xfsbus_events* events = NULL;
    xfsbus_job* job = NULL;
    if (xfsbus_peer_events(peer, &events, error) == XFSBUS_OK) {
        xfsbus_peer_start_download(peer, &request, &job, error);
    }
    struct pollfd ready[] = {{.fd = xfsbus_events_descriptor(events), .events = POLLIN},
                             {.fd = interrupts(), .events = POLLIN}};
    while (job != NULL && !xfsbus_job_done(job)) {
        poll(ready, 2, -1);
        show(events);
        if (ready[1].revents != 0) {
            xfsbus_job_cancel(job);
            ready[1].fd = -1; /* poll leaves it out */
        }
    }
    if (job != NULL) {
        show(events);
        xfsbus_job_report(job, 0, NULL, error);
    }
    xfsbus_job_free(job);
    xfsbus_events_free(events);
}

int main(int argc, char** argv) {
    xfsbus_options options = {.size = sizeof options};
    xfsbus_error error = {XFSBUS_ERROR_USAGE, "usage: fetch_c TRACKER NAME DIRECTORY"};
    xfsbus_peer* peer = NULL;
    if (argc == 4) {
        options.tracker = argv[1];
        options.download_directory = argv[3];
        xfsbus_peer_start(&options, &peer, &error);
    }
    if (peer != NULL) {
        fetch(peer, argv[2], &error);
    }
    xfsbus_peer_free(peer);
    if (error.code != XFSBUS_OK) {
        fprintf(stderr, "fetch_c: %s\n", error.message);
    }
    return error.code;
}
