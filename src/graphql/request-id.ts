import { type ApolloServerPlugin } from '@apollo/server';
import { type GraphqlContext } from './context';

/** Stamps the request's id on its errors, where the error formatter, which knows no request, finds it. */
export function requestIdPlugin(): ApolloServerPlugin<GraphqlContext> {
  return {
    async requestDidStart() {
      return {
        async didEncounterErrors({ errors, contextValue }) {
          for (const error of errors) error.extensions['requestId'] = contextValue.requestId;
        },
      };
    },
  };
}
