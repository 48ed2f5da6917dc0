/* The two ends of a ping-pong and of a stream between two cores: each call is one end's part of a burst.
 *
 * A message is a cache line of 64 bytes. Its sender writes the words in order, the last one with release semantics; its
 * receiver polls that last word, as UMP of Barrelfish does. Every word of message n holds n, so that a line that came
 * in pieces is noticed. Nothing here calls a library: the clock is handed in.
 */

typedef unsigned long word;
typedef unsigned long long nanoseconds;
struct moment { long seconds, nanoseconds; };

enum { WORDS = 64 / sizeof(word), LAST = WORDS - 1, RING = 16, ACKNOWLEDGED_TOGETHER = RING / 2, MONOTONIC = 1 };
enum { PING, PONG, STREAM, SINK };

struct burst {
    word role;
    word *there;              /* one line for ping-pong, RING lines for a stream */
    word *back;               /* replies, or in a stream how many have been received */
    word first;               /* number of the first message; more than any number in the lines */
    word batches, rounds;     /* so many batches of so many messages each */
    word patience;            /* how often one word is polled in vain before the end gives up */
    int (*read_clock)(int, struct moment *);
    nanoseconds *stamps;      /* batches + 1 readings of the clock, by PING and STREAM */
};

#define INLINE static inline __attribute__((always_inline))

INLINE nanoseconds now(struct burst *burst)
{
    struct moment moment;
    burst->read_clock(MONOTONIC, &moment);
    return (nanoseconds)moment.seconds * 1000000000 + (nanoseconds)moment.nanoseconds;
}

INLINE void send(word *line, word number)
{
    for (word at = 0; at < LAST; at++)
        __atomic_store_n(line + at, number, __ATOMIC_RELAXED);
    __atomic_store_n(line + LAST, number, __ATOMIC_RELEASE);
}

/* Whether the message came, whole, before patience ended. */
INLINE int receive(word *line, word number, word patience)
{
    word torn = 0;
    while (__atomic_load_n(line + LAST, __ATOMIC_ACQUIRE) != number)
        if (patience-- == 0)
            return 0;
    for (word at = 0; at < LAST; at++)
        torn |= __atomic_load_n(line + at, __ATOMIC_RELAXED) ^ number;
    return torn == 0;
}

INLINE int ping(struct burst *burst, word number)
{
    send(burst->there, number);
    return receive(burst->back, number, burst->patience);
}

INLINE int pong(struct burst *burst, word number)
{
    if (!receive(burst->there, number, burst->patience))
        return 0;
    send(burst->back, number);
    return 1;
}

/* Sends once the ring has room: a slot is free when the message that it held is acknowledged. */
INLINE int stream(struct burst *burst, word number, word *received)
{
    word patience = burst->patience;
    while (number - *received > RING) {
        *received = __atomic_load_n(burst->back + LAST, __ATOMIC_ACQUIRE);
        if (patience-- == 0)
            return 0;
    }
    send(burst->there + number % RING * WORDS, number);
    return 1;
}

INLINE int sink(struct burst *burst, word number)
{
    if (!receive(burst->there + number % RING * WORDS, number, burst->patience))
        return 0;
    if (number % ACKNOWLEDGED_TOGETHER == 0)
        __atomic_store_n(burst->back + LAST, number, __ATOMIC_RELEASE);
    return 1;
}

/* Carries out one end's part; gives the number of batches that were completed. */
word run(struct burst *burst)
{
    word number = burst->first, received = number - 1, batch;
    int has_stamps = burst->role == PING || burst->role == STREAM;
    for (batch = 0; batch < burst->batches; batch++) {
        if (has_stamps)
            burst->stamps[batch] = now(burst);
        for (word round = 0; round < burst->rounds; round++, number++) {
            int done = burst->role == PING ? ping(burst, number)
                : burst->role == PONG ? pong(burst, number)
                : burst->role == STREAM ? stream(burst, number, &received)
                : sink(burst, number);
            if (!done)
                return batch;
        }
    }
    if (has_stamps)
        burst->stamps[batch] = now(burst);
    return batch;
}
