/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a picture shows of guests that go from host to host: when they do not run, and packets
 * of the stream by which they go.
 */
#ifndef TRACE_FLIGHTS_H
#define TRACE_FLIGHTS_H

#include "correlate/moves.h"

/**
 * enum flight_change - what an event is for a guest that goes from host to host
 * @FLIGHT_NONE: nothing
 * @FLIGHT_STOPS: with it the guest stops on the host that it leaves
 * @FLIGHT_RUNS: with it the guest goes on on the other host
 */
enum flight_change { FLIGHT_NONE, FLIGHT_STOPS, FLIGHT_RUNS };

/**
 * struct flight_packet - where a packet of the stream was sent
 * @lane: in which lane
 * @time: when
 */
struct flight_packet {
	size_t lane;
	uint64_t time;
};

struct flight;

/**
 * flight_new() - begin
 * @timeline: the time line
 * @move: the guest and its hosts
 */
struct flight *flight_new(const struct timeline *timeline, const struct move *move);

/**
 * flight_change() - what is the next event for the guest?
 * @flight: the flight
 * @placed: the event
 */
enum flight_change flight_change(struct flight *flight, const struct placed *placed);

/**
 * flight_is_of() - is it a vCPU of the guest on the host that it leaves?
 * @flight: the flight
 * @home: index of a host's party
 * @vcpu: a vCPU of that host
 */
bool flight_is_of(const struct flight *flight, size_t home, const struct vcpu *vcpu);

/**
 * flight_packet() - which packet of the stream arrives with the next event?
 * @flight: the flight
 * @placed: the event
 * @lane: its lane
 * @sent: set to where that was sent
 *
 * Not all are told, but one every so often.
 *
 * Return: false if none is.
 */
bool flight_packet(struct flight *flight, const struct placed *placed, size_t lane,
		   struct flight_packet *sent);

/**
 * flight_free() - free a flight
 * @flight: the flight
 */
void flight_free(struct flight *flight);

#endif
